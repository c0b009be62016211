"""How sure a share is that was counted in a few cases."""

import math

Z = 1.959964  # of the normal distribution, 95% lie within so many deviations


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95% interval of a share, in [0, 1], of n independent cases; (0, 1) without any.

    Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953: inside [0, 1], and of some width
    where all or none came out. For the mean of numbers in [0, 1] it is wide enough, as none vary
    more than those that are 0 or 1.
    """
    if not n:
        return 0.0, 1.0
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)
