"""Local stand-ins for the demo, the tests and load: a Bybit v5, a Telegram Bot API, services."""
