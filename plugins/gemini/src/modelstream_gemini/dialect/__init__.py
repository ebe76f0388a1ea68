"""The dialect `gemini_chat`: Gemini's API, read and written without an SDK.

Answers: `framing.py` cuts bodies into frames, `shape.py` has the frames as structs, `frames.py` reads them,
`dialect.py` and `writer.py` write them; `errors.py` and `finishes.py` have Google's words. Requests written:
`arguments.py` and `openai_names.py` (options), `contents.py` and `parts.py` (messages), `tools.py`,
`schemas.py`, and `calls.py`, `plain.py`, `bodies.py` and `requests.py`, which put them into the API's JSON.
Requests read: `reading.py` and `turns.py`. `samples/` has bodies as Google sends them.
"""
