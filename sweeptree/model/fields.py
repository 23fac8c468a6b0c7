"""The types of the fields that several specs have, and what every spec is: frozen, and strict."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from sweeptree.model.checks import (
    METRIC,
    check_command,
    check_device_name,
    check_exp_name,
    check_host_choice,
    check_metric,
    check_metric_regex,
)

ExpName = Annotated[str, AfterValidator(check_exp_name)]
Command = Annotated[str, AfterValidator(check_command)]
MetricRegex = Annotated[str, AfterValidator(check_metric_regex)]
DeviceName = Annotated[str, AfterValidator(check_device_name)]
GpuMemory = Annotated[int, Field(ge=1, le=2**24)]  # MiB
DiskSpace = Annotated[int, Field(ge=0, le=2**34)]  # MiB
Positive = Annotated[float, Field(gt=0)]
Grace = Annotated[float, Field(ge=0, le=600)]
MetricName = Annotated[
    str,
    AfterValidator(check_metric),
    WithJsonSchema({"pattern": METRIC, "type": "string"}),
]
HostChoice = Annotated[str, AfterValidator(check_host_choice)]


class Border(BaseModel):
    """What crosses a border is frozen, and a misspelt field is an error."""

    # The form in the Prefect UI shows each field under the name that the command line uses.
    model_config = ConfigDict(
        frozen=True, extra="forbid", field_title_generator=lambda name, _: name
    )
