"""The dialect `openai_chat`: OpenAI's chat completions, which a hundred other providers send as well.

`shape.py` has the frames as structs, `frames.py` reads them, `dialect.py` writes them, `requests.py` writes
and reads the calls, and `samples/` has bodies as OpenAI and others send them. Plugins import all of it from
`modelstream.wire`.
"""
