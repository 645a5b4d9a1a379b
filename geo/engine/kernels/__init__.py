"""Array kernels, compiled by numba once for a machine; none is loaded before a layer is large enough to gain by it."""
