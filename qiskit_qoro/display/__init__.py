"""How values look in a terminal and in a notebook: tables, cards, progress, times and identifiers.

The modules take plain values and return texts, tables or HTML. They know nothing of jobs or services.
"""
