"""The templates, each with its weight: how likely a bug is of this kind, by judgement.

The weights order candidates of equally suspicious lines; nothing was fitted to any set of programs.
A template takes a `Site` and yields changes; a change is edits of the file's text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..site import Change, Site
from . import calls, conditions, names, operators, statements, values

Template = Callable[[Site], Iterator[Change]]


@dataclass(frozen=True, slots=True)
class Weighted:
    """A template with its weight, between 0 and 1."""

    name: str
    weight: float
    changes: Template


_WEIGHTS: dict[Template, float] = {
    operators.comparison_boundary: 0.95,
    operators.comparison_direction: 0.85,
    operators.boolean_operator: 0.85,
    values.number_step: 0.85,
    operators.arithmetic: 0.8,
    calls.swap_arguments: 0.8,
    statements.swap_jump: 0.8,
    values.constant_flip: 0.75,
    calls.swap_function: 0.75,
    values.plus_minus_one: 0.75,
    values.slices: 0.75,
    names.swap_name: 0.75,
    values.swap_indices: 0.7,
    operators.drop_operand: 0.7,
    operators.augmented: 0.7,
    operators.membership: 0.65,
    operators.negate: 0.65,
    operators.swap_operands: 0.65,
    names.exchange_names: 0.65,
    conditions.strengthen: 0.6,
    operators.regroup: 0.6,
    values.number_other: 0.6,
    names.swap_attribute: 0.6,
    calls.wrap_call: 0.6,
    calls.unwrap_call: 0.6,
    conditions.division_guard: 0.6,
    statements.assign_result: 0.6,
    statements.move_statement: 0.6,
    conditions.none_guard: 0.55,
    conditions.empty_guard: 0.5,
    conditions.weaken: 0.55,
    operators.comparison_other: 0.5,
    operators.arithmetic_other: 0.5,
    statements.loop_or_branch: 0.5,
    conditions.replace_condition: 0.5,
    calls.add_argument: 0.5,
    calls.drop_argument: 0.5,
    values.index_to_slice: 0.5,
    operators.sign: 0.5,
    names.reuse_expression: 0.5,
    names.swap_target: 0.5,
    names.swap_module_name: 0.5,
    names.swap_method: 0.45,
    statements.insert_assignment: 0.5,
    statements.insert_call: 0.45,
    statements.return_value: 0.45,
    statements.delete_statement: 0.45,
    statements.copy_statement: 0.4,
    conditions.default_value: 0.4,
    values.string_swap: 0.4,
    statements.insert_jump: 0.35,
    statements.replace_statement: 0.35,
}

TEMPLATES = tuple(
    Weighted(template.__name__, weight, template) for template, weight in _WEIGHTS.items()
)
