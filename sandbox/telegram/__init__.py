"""A local Telegram Bot API and a chat page to play its user."""
