"""Array kernels compiled by numba. Nothing here is imported before a layer is large enough to gain by it."""
