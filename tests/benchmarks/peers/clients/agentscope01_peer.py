# /// script
# dependencies = ["agentscope==0.1.6", "openai<3", "tqdm"]
# ///
"""AgentScope 0.1: pairs of `last` and the whole text. It needs tqdm, without declaring it."""

from agentscope.models import OpenAIChatWrapper


def sync(url):
    model = OpenAIChatWrapper(
        config_name="c", model_name="m", api_key="k", client_args={"base_url": url}, stream=True
    )

    def read(take):
        shown = 0
        for _, text in model([{"role": "user", "name": "u", "content": "hi"}]).stream:
            take(text[shown:])
            shown = len(text)

    return read


IMPORT = "import agentscope.models"
WAYS = {"agentscope 0.1": sync}
