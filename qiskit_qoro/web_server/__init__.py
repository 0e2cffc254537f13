"""What every web server of this package needs: the server in its thread, its port, and the names of its host.

The local service and the pages of the journal use it. It needs the extra ``web``, which the extra ``local``
contains.
"""
