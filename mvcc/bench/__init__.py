"""What `make bench` and `mvcc bench` measure: this store and its peers in turn, and what comes of it.

`rows` says what is to be reached, `figures` judges, `turns` measures, `questions` has what is asked,
`peers` whom; `results` keeps it, `table` and `page` show it. Uses the public API, but for `export`, which
has no public name yet. What is not installed is left out with a reason, never guessed.
"""
