"""The rules of the house, one function each; there is no list of exceptions to any of them."""

from collections.abc import Callable, Iterator

from tools.rules import exceptions, names, neighbours, purity, writing
from tools.rules.model import Finding, House

Rule = Callable[[House], Iterator[Finding]]

ALL: tuple[Rule, ...] = (
    neighbours.foreign_imports,
    neighbours.wired_adapters,
    neighbours.foreign_tables,
    neighbours.one_door,
    names.file_names,
    names.ten_places,
    names.table_names,
    names.migration_names,
    names.own_words,
    names.own_paths,
    purity.pure_imports,
    purity.pure_calls,
    purity.pure_order,
    writing.readable,
    writing.file_sizes,
    writing.median_size,
    writing.class_sizes,
    writing.sleeping,
    writing.bounded_queues,
    writing.log_lines,
    writing.reasoned_escapes,
    writing.no_skips,
    exceptions.empty_lists,
    exceptions.pure_contract,
    exceptions.no_addresses,
    exceptions.no_machine,
)
