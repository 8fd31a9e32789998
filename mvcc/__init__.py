"""An embedded, timestamped key-value store with time travel and RocksDB-readable backups."""
