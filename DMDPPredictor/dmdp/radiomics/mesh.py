"""Surface of a region by marching cubes through the midpoints between voxels (Lorensen and Cline 1987).

How the two ambiguous kinds of face and the polygons of more than three corners are cut into triangles changes the area. The
table below gives the area and volume of PyRadiomics for each of the 256 cubes; it was found by trying every cut of every cube.
"""

from __future__ import annotations

import numpy as np

from .compiled import kernel

CORNERS = np.array([(z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1)])
EDGES = np.array([(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 3), (2, 6), (3, 7), (4, 5), (4, 6), (5, 7), (6, 7)])
# per cube (bit i: corner i is inside) its triangles, three edges as hexadecimal digits each, '-' for none
TABLE = """
    - 210 034 342132 651 265250 034651 426465453 357 210357 574054 742572152 673631 267273230 674164014 674642 892 891810
    034892 489349139 651892 896865850 034651892 489496465453 357892 891810357 574054892 574489549159 673631892 673896863830
    674164014892 674964894 4a8 2104a8 3a8038 13aa821a2 6514a8 2652504a8 3a8038651 265a82a25a53 3574a8 2103574a8 7a8578058
    a827a2572152 6736314a8 2672732304a8 1677a8178018 26727a2a8 24a2a9 a914a1410 3a9392032 3a9139 65124a2a9 4a9496465450
    3a9392032651 965953a93 35724a2a9 a914a1410357 a927a2572052 57a15a1a9 342132a769a6 730670960a904a0 01606707a0a9092 67a6a9
    9b6 b61b1029b2b0 0349b6 29b42b34b13b1b6 9b5951 b5029b2b0 534b549b4194014 9b5429495453 5693599b7397 29b2b7273230156
    5690599b7974094 156742b729b2 9b7973931 29b2b7273230 19bb741b4014 742b729b2 b628b2 b61b108b0 34838b3b6362032 8b6486346136
    8b5285251 8b5850 0128b5485453 8b5485453 35636232838b3b7 b73b308b0156 562052b748b4 156b748b4 28b2b7273231 b73b308b0
    012b748b4 b748b4 4ab4b6469498 4ab4b6461410298 ab63a6036698068 13aab61a6298 4ab4b5451984941 b504ab4b0298 198018ab5a53
    ab5a53298 984694564354ab7 0127538a46b9 698568058ab7 156298ab7 984943931ab7 430298ab7 198018ab7 298ab7 624b64ab4
    4ab4b6461410 3abb623b2032 13aab61a6 ab524a2a5251 b504ab4b0 012ab5a53 ab5a53 624564354ab7 430156ab7 562052ab7 156ab7
    243231ab7 430ab7 012ab7 ab7 7ba 2107ba 0347ba 3421327ba 6517ba 2652507ba 0346517ba 4264654537ba 5ba35a 2105ba35a
    05bba40b4 5baa425a2152 a316ba6a1 ba326b2b3230 ba46b4164014 42646b4ba 8927ba 8918107ba 0348927ba 4893491397ba 6518927ba
    8968658507ba 2103574a89b6 4894964654537ba 5ba35a892 8918105ba35a 05bba40b4892 ba45b4154489149 a316ba6a1892
    6ba6a3630896860 ba46b4164014892 ba46b4964894 47b4b8 21047b4b8 37b03b0b8 b827b2372132 65147b4b8 26525047b4b8 37b03b0b8651
    653263823b837b3 5b8584354 2105b8584354 5b8058 5b8582152 6b8684643631 843b836b3263230 16b01b0b8 26b2b8 24727b2b9
    b9147b4b1410 b927b2372032 7b9379139 65124727b2b9 9659507b9479490 b927b2372032651 9659537b9793 5b9924594354
    43545b4b9491410 05bb920b2 5b9159 b92b24b43b316b1 4306b9 16b01bb920b2 6b9 a769a6 610760a709a0290 03707606909a0a4
    24323167a6a9 a75a519a1 29a2a7275250 19a1a4014753 753a429a2 56935939a 9a3293230156 9a4694564054 156a429a2 9a3931
    9a3293230 19a1a4014 a429a2 762a728a2 7618a7871810 7623720328a4 3761368a4 28a2a7275251 8a7875850 0127538a4 7538a4
    56228a52a35a 8a3830156 5620528a4 1568a4 a3128a2a1 8a3830 0128a4 8a4 476469498 476461410298 376698368038 376136298
    475984945951 475450298 198018753 753298 984694564354 430156298 698568058 156298 984943931 430298 198018 298 476246
    476461410 762372032 376136 247275251 475450 012753 753 624564354 430156 562052 156 243231 430 012 -
"""
MIDPOINTS = CORNERS[EDGES].mean(axis=1)


def _triangles() -> tuple[np.ndarray, np.ndarray]:
    """Midpoints of the corners of every triangle (256, 5, 3, 3), and their number per cube (256,)."""
    corners, number = np.zeros((256, 5, 3, 3)), np.zeros(256, np.int64)
    for cube, word in enumerate(TABLE.split()):
        edges = [int(letter, 16) for letter in word.strip("-")]
        number[cube] = len(edges) // 3
        corners[cube, : number[cube]] = MIDPOINTS[edges].reshape(-1, 3, 3)
    return corners, number


def area_and_volume(mask: np.ndarray, spacing: tuple[float, float, float]) -> tuple[float, float]:
    """Surface area (mm²) and enclosed volume (mm³) of a mask (z, y, x) with ``spacing`` mm, cut to its bounding box.

    If the mask touches itself along an edge only, the table leaves a gap in the surface, and the volume then depends a
    little on where the origin lies; PyRadiomics has it one voxel before the bounding box, and so has this.
    """
    padded = np.pad(np.asarray(mask, np.uint8), 1)
    area, volume = _march(padded, np.array(spacing, float), *_triangles())
    return area, volume


@kernel
def _march(mask, spacing, triangles, number):
    depth, height, width = mask.shape
    area, volume = 0.0, 0.0
    a, b, c = np.empty(3), np.empty(3), np.empty(3)
    for z in range(depth - 1):
        for y in range(height - 1):
            for x in range(width - 1):
                cube = 0
                for corner in range(8):
                    if mask[z + corner // 4, y + corner // 2 % 2, x + corner % 2]:
                        cube |= 1 << corner
                for t in range(number[cube]):
                    for axis in range(3):
                        start = z if axis == 0 else y if axis == 1 else x
                        a[axis] = (start + triangles[cube, t, 0, axis]) * spacing[axis]
                        b[axis] = (start + triangles[cube, t, 1, axis]) * spacing[axis]
                        c[axis] = (start + triangles[cube, t, 2, axis]) * spacing[axis]
                    volume += (
                        (a[1] * b[2] - a[2] * b[1]) * c[0]
                        + (a[2] * b[0] - a[0] * b[2]) * c[1]
                        + (a[0] * b[1] - a[1] * b[0]) * c[2]
                    ) / 6
                    u0, u1, u2 = a[0] - c[0], a[1] - c[1], a[2] - c[2]
                    v0, v1, v2 = b[0] - c[0], b[1] - c[1], b[2] - c[2]
                    area += 0.5 * np.sqrt((u1 * v2 - u2 * v1) ** 2 + (u2 * v0 - u0 * v2) ** 2 + (u0 * v1 - u1 * v0) ** 2)
    return area, volume
