"""What can go wrong on the way to a chat, named by what the sender must do next.

ChannelError
├ ChannelGone         blocked or deleted: stop telling this chat
├ ChannelMoved        the chat has another id now
├ ChannelBusy         not before `retry_after` seconds
├ ChannelRefused      this message is never taken; the chat's next one may be
└ ChannelUnavailable  try again later; the message may have arrived
"""

from __future__ import annotations


class ChannelError(Exception):
    pass


class ChannelGone(ChannelError):
    pass


class ChannelMoved(ChannelError):
    def __init__(self, chat_id: int) -> None:
        super().__init__("moved")
        self.chat_id = chat_id


class ChannelBusy(ChannelError):
    def __init__(self, retry_after: float) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


class ChannelRefused(ChannelError):
    pass


class ChannelUnavailable(ChannelError):
    pass
