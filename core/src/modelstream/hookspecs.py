"""The plugin contract: one hook for model wrappers, one for stream sinks.

A plugin is found by its entry point, whose NAME is the model_type or the sink_type that it serves:

    [project.entry-points."modelstream.models"]
    echo_chat = "my_package:EchoChat"

    [project.entry-points."modelstream.sinks"]
    upper = "my_package:Upper"

The entry point's value may be

* a subclass of `ModelWrapper` or `StreamSink`: these implement their hook already, or
* a module with `hookimpl` functions, which may then serve several names.

A plugin is imported when one of its names is first used, and no earlier. Hooks run once per wrapper
and once per sink, never per delta. An implementation may omit arguments that it does not need.
None means "not with this config": a `ConfigError`, and the plugin stays in use. Any other result that is
not a wrapper or a sink marks the plugin as broken.

A plugin may also wrap the creation of all wrappers and sinks of other plugins, to trace, cache or guard:

    [project.entry-points."modelstream.plugins"]
    caching = "my_package:plugin"

Its value is a module or an object with pluggy's hook wrappers, `tryfirst` and `trylast` included:

    @hookimpl(wrapper=True)
    def modelstream_model_wrapper(model_type, config):
        wrapper = yield  # what the model's own plugin creates; raises what that raised
        return wrapper   # or another one

They are loaded with the first wrapper or sink. One that does not load is logged once and then ignored. A
`ConfigError` that it raises passes unchanged; any other exception becomes a `PluginLoadError` that names the
plugin.

`modelstream.register` accepts all of these from the program itself. MODELSTREAM_BLOCK disables plugins, by
name or distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from modelstream.sinks.base import StreamSink
    from modelstream.wrapper import ModelWrapper

PROJECT = "modelstream"
hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def modelstream_model_wrapper(model_type: str, config: Mapping[str, Any]) -> ModelWrapper | None:
    """Create the wrapper for `model_type`, or return None if this plugin does not serve it.

    Called once for each `load_model`. `config` is the model config as the user wrote it, after
    environment variables were filled in. Raise a `ConfigError` for an invalid one.
    """


@hookspec(firstresult=True)
def modelstream_stream_sink(sink_type: str, options: Mapping[str, Any]) -> StreamSink | None:
    """Create the sink for `sink_type`, or return None if this plugin does not serve it.

    Called once for each sink named to `init`. `options` are the user's fields other than `sink_type`.
    """
