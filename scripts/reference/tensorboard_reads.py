"""Prints the scalars of an event folder as TensorBoard's own reader sees them, as JSON: {tag: [[step, value], ...]}."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

reader = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
reader.Reload()
tags = reader.Tags()["scalars"]
print(json.dumps({tag: [[event.step, event.value] for event in reader.Scalars(tag)] for tag in tags}))
