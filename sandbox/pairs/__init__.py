"""Local stand-ins for exchanges that sign `name=value` pairs: Binance's two markets and HashKey.

Where the reference says nothing of an answer, it is as Binance's documentation has it, of which
HashKey's is an offspring. Public data is BTC/USDT alone.
"""
