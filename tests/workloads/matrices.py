"""Linear algebra."""
import numpy as np

generator = np.random.RandomState(7)
A = generator.rand(120, 120)
B = generator.rand(120)


def handler(req):
    x = np.linalg.solve(A, B)
    product = A @ A.T
    return {
        "residual": bool(np.allclose(A @ x, B)),
        "trace": round(float(np.trace(product)), 6),
        "largest": round(float(np.linalg.eigvalsh(product)[-1]), 6),
    }
