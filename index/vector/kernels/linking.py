"""Compiled functions are optimized once, with all that they call; numba does so for each function that is called, too.

numba makes a library of every function and of every function that it calls, brings each through all passes of LLVM to
machine code, and then links it into its callers, where it goes through them again. But what is called only by compiled
functions needs no machine code of its own. It takes a third of the time that compiling takes.
"""

from __future__ import annotations

from typing import Any, Final

import numba
from numba.core import codegen
from numba.core.compiler import lookup_environment
from numba.core.registry import cpu_target

TRIED_VERSIONS: Final = ("0.68",)
"""Of numba, whose inner workings these are. Others compile in their own way, with the same results."""


def link_late() -> None:
    """From now on. Again is harmless."""
    if ".".join(numba.__version__.split(".")[:2]) not in TRIED_VERSIONS:
        return
    generator = cpu_target.target_context.codegen()
    if type(generator) is codegen.JITCPUCodegen:
        generator.__class__ = _Codegen


class _Library(codegen.JITCodeLibrary):  # type: ignore[misc]
    """A function and what it calls. Optimized, and made machine code, when somebody asks for the place of a function
    in it; what it calls is linked into it as it was lowered."""

    _shared_module: Any

    def add_linking_library(self, library: Any) -> None:
        self._reload_init.update(library._reload_init)
        self._linking_libraries.append(library)

    def get_pointer_to_function(self, name: str) -> int:
        # numba asks for the function that Python calls; parts have none.
        if not self._finalized and all(function.name != name for function in self._final_module.functions):
            return 0
        pointer: int = super().get_pointer_to_function(name)
        return pointer

    def finalize(self) -> None:
        super().finalize()
        for variable in self._final_module.global_variables:
            environment = lookup_environment(variable.name)
            if environment is not None:
                self._codegen.set_env(variable.name, environment)

    def _get_module_for_linking(self) -> Any:
        if self._finalized:
            return super()._get_module_for_linking()
        if self._shared_module is None:
            module = self._final_module.clone()
            for library in dict.fromkeys(self._linking_libraries):
                module.link_in(library._get_module_for_linking(), preserve=True)
            for function in module.functions:
                if not function.is_declaration and function.linkage == codegen.ll.Linkage.external:
                    function.linkage = "linkonce_odr"
            self._shared_module = module
        return self._shared_module

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout
        # As numba does, which makes the passes anew for every function, also for those that are only declared.
        passes, builder = self._codegen._function_pass_manager()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)


class _Codegen(codegen.JITCPUCodegen):  # type: ignore[misc]
    _library_class = _Library

    def set_env(self, env_name: str, env: Any) -> None:
        # A part has no place yet; _Library.finalize does it.
        if self._engine.is_symbol_defined(env_name):
            super().set_env(env_name, env)
