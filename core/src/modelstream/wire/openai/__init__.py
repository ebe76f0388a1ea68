"""The dialect `openai_chat`: OpenAI's chat completions, a format that many other providers share.

`shape.py` has the frames as structs, `frames.py` reads them, `dialect.py` writes them, `requests.py` writes
and reads requests, and `samples/` has bodies that OpenAI and others send. Plugins import all of it from
`modelstream.wire`.
"""
