"""Storage engines: the interface that the store is written against, and its implementation over LMDB."""
