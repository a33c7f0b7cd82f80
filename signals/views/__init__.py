"""The author's pages, each trader's own trades, and the public log."""
