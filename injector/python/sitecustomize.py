"""Python runs this at start in every Python process of a job under `rankle run`, which puts its folder first in PYTHONPATH.

It starts rankle's agent and then hands over to the sitecustomize that this one hides, if there is one. Whatever goes wrong
here must not matter to the job.
"""
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _start_agent():
    try:
        import rankle_agent

        rankle_agent.start()
    except Exception as error:  # the job goes on without the agent
        print(f"rankle: the Python agent cannot start: {error!r}", file=sys.stderr)


def _run_hidden():
    """The sitecustomize of the system or of the user, as if ours were not there."""
    from importlib.machinery import PathFinder

    elsewhere = [path for path in sys.path if os.path.abspath(path or os.curdir) != _HERE]
    spec = PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is None or spec.loader is None:
        return
    import importlib.util

    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_start_agent()
_run_hidden()
