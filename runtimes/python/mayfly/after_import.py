"""Does something to a module of somebody else's right after it is imported, for the first time and by whomever."""

import sys
from importlib.machinery import PathFinder


class AfterImport:
    """A finder: the import system asks it first."""

    def __init__(self, hooks):
        """`hooks`: a function of the module for each name."""
        self._hooks = hooks

    def install(self):
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        hook = self._hooks.get(name)
        if hook is None:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Loader(spec.loader, hook)
        return spec


class Loader:
    """The module's own one, that is put back once it has done its work."""

    def __init__(self, loader, hook):
        self._loader = loader
        self._hook = hook

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._hook(module)
