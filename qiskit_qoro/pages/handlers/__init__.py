"""One module for each page: take values from the source and put them into a template."""
