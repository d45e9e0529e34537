"""How numba compiles here: what the loops of this project do not need is left out, which halves the time it takes.

numba makes a library of every function and of every function that it calls, brings each through all passes of LLVM to
machine code, and then links it into its callers, where it goes through them again. What is called only by compiled
functions needs no machine code of its own: here it is linked as it was lowered, and optimized once, in its caller.
Only for the numba that numba_version.py names: with another one this module may not even be imported.
"""

from __future__ import annotations

from typing import Any, Final

from numba.core import codegen, typed_passes, untyped_passes
from numba.core.compiler import CompilerBase, lookup_environment
from numba.core.compiler_machinery import PassManager
from numba.core.registry import cpu_target
from numba.core.types.functions import BaseFunction

_PASSES: Final = (
    untyped_passes.TranslateByteCode,
    untyped_passes.FixupArgs,
    untyped_passes.IRProcessing,
    untyped_passes.GenericRewrites,
    untyped_passes.RewriteDynamicRaises,
    untyped_passes.ReconstructSSA,
    typed_passes.NopythonTypeInference,
    typed_passes.PreLowerStripPhis,
    typed_passes.IRLegalization,
    typed_passes.NativeLowering,
    typed_passes.NoPythonBackend,
)


def options() -> dict[str, Any]:
    """For numba.njit, of functions without closures, literal tuples that are walked over, or arithmetic of whole
    arrays."""
    generator = cpu_target.target_context.codegen()
    if type(generator) is codegen.JITCPUCodegen:
        generator.__class__ = _Codegen
        BaseFunction.get_call_type = _remembered(BaseFunction.get_call_type)  # type: ignore[method-assign]
    return {"pipeline_class": _Pipeline}


class _Pipeline(CompilerBase):  # type: ignore[misc]
    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("loops")
        for each in _PASSES:
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


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

    def _optimize_final_module(self) -> None:
        # numba comes here after passes over each function and over the whole, so that counts of references that cancel
        # out are dropped before. That costs as much again, and nothing here is faster for it.
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


class _Codegen(codegen.JITCPUCodegen):  # type: ignore[misc]
    _library_class = _Library

    def set_env(self, env_name: str, env: Any) -> None:
        # A part has no place yet; _Library.finalize does it.
        if self._engine.is_symbol_defined(env_name):
            super().set_env(env_name, env)


def _remembered(ask: Any) -> Any:
    """What an operator does with operands of these types, asked once; numba tries dozens of possibilities each time."""
    known: dict[Any, tuple[Any, Any]] = {}

    def get_call_type(self: Any, context: Any, args: Any, kws: Any) -> Any:
        if kws or getattr(self.typing_key, "__module__", None) != "_operator":
            return ask(self, context, args, kws)
        key = context, self.typing_key, args
        if key not in known:
            signature = ask(self, context, args, kws)
            if signature is None:
                return None
            known[key] = signature, self._impl_keys[signature.args]
        signature, self._impl_keys[signature.args] = known[key]
        return signature

    return get_call_type
