"""The boundary to the C core: the only package that imports the extension, `_core`."""
