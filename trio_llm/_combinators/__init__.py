"""Many calls under one scope: fan-outs, races, hedges, merged streams."""
