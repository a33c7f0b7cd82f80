"""The exchange's WebSockets: private pushes of accounts, and public prices.

Rules: https://bybit-exchange.github.io/docs/v5/ws/connect
"""
