"""The command `mvcc`: a way for people and scripts into the public API, without logic of its own."""
