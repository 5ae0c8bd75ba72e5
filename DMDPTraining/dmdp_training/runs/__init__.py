"""An open run: pieces that are kept, resumed and put together."""
