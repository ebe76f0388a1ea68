"""The sink: sends messages to Studio in the background, without ever blocking the stream."""
