"""A function of the tenant acme: /@acme/score, and by host http://acme.localhost:8000/score."""

import os
import statistics

# All that runs here runs once, at the deploy: every request starts from the memory that it left.
scale = float(os.environ["SCALE"])


def handler(req):
    numbers = req.json() if req.method == "POST" else [2, 4, 4, 4, 5, 5, 7, 9]
    return {"mean": statistics.mean(numbers) * scale, "deviation": statistics.pstdev(numbers) * scale}
