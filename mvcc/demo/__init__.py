"""What `mvcc demo` does: real input goes in, and comes back out of time travel and of backups, compared.

The public API is all that is used of the store. What is compared with never comes out of the store that
was loaded: it is a digest taken from the input when it was read, or the input itself, read anew.
"""
