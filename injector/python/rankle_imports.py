"""Calls a function after a module was imported, by the documented import protocol (sys.meta_path)."""
import sys

_wanted = {}  # name of the module -> functions to call with it


class _Loader:
    """The module's own loader, and then the functions. What they raise is said once and not passed on."""

    def __init__(self, loader, name):
        self._loader, self._name = loader, name

    def __getattr__(self, attribute):
        return getattr(self._loader, attribute)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        module.__spec__.loader = module.__loader__ = self._loader
        for function in _wanted.pop(self._name, ()):
            try:
                function(module)
            except Exception as error:
                print(f"rankle: {self._name} is not watched: {error!r}", file=sys.stderr)


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _wanted:
            return None
        for finder in sys.meta_path:
            if finder is _Finder:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, name)
                return spec
        return None


def call_after(functions):
    """`functions`: module name -> function of the module."""
    for name, function in functions.items():
        if name in sys.modules:
            function(sys.modules[name])
        else:
            _wanted.setdefault(name, []).append(function)
    if _wanted and _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)
