"""A program for AgentScope 0.1: `python agentscope_0_1.py STUDIO_URL MODEL_URL`."""

import sys
import time

import agentscope
from agentscope.agents import AgentBase, DialogAgent, UserAgent
from agentscope.message import Msg

agentscope.init(
    model_configs={
        "config_name": "gpt",
        "model_type": "openai_chat",
        "model_name": "gpt-4o",
        "api_key": "none",
        "stream": True,
        "client_args": {"base_url": sys.argv[2]},
    },
    project="old",
    name="streams",
    studio_url=sys.argv[1],
    disable_saving=True,
    use_monitor=False,
)


class Counter(AgentBase):
    def reply(self, x=None):
        def texts():
            text = ""
            for number in range(20):
                time.sleep(0.01)
                text += f"{number} "
                yield number == 19, text

        self.speak(texts())
        self.speak("all at once")


Counter(name="Counter")()
DialogAgent(name="Model", sys_prompt="Be brief.", model_config_name="gpt")(Msg("user", "Hi", "user"))
answer = UserAgent(name="User")()
print("GOT", answer.content, flush=True)
