"""A local Bybit v5 exchange."""
