"""What each feature is: its unit, its definition, and where IBSI's reference values have it.

p is a normalised matrix, i and j its grey levels or sizes, μ and σ means and deviations, H an entropy, u the unit of the image.
Grey levels are bin numbers and have no unit. The third column is the feature's tag in the IBSI 1 reference values, if it has one.
"""

from __future__ import annotations

from ..feature import Feature

SOURCE = "PyRadiomics 3.0.1; IBSI reference manual (arXiv:1612.07003)"

TABLE = """
shape MeshVolume | mm³ | morph_volume | volume within the marching-cubes surface
shape VoxelVolume | mm³ | morph_vol_approx | voxels × volume of a voxel
shape SurfaceArea | mm² | morph_area_mesh | area A of the marching-cubes surface
shape SurfaceVolumeRatio | 1/mm | morph_av | A / V
shape Sphericity | 1 | morph_sphericity | (36π V²)^(1/3) / A
shape Maximum3DDiameter | mm | morph_diam | largest distance between vertices of the surface
shape Maximum2DDiameterSlice | mm | - | the same within one axial plane
shape Maximum2DDiameterColumn | mm | - | the same within one coronal plane
shape Maximum2DDiameterRow | mm | - | the same within one sagittal plane
shape MajorAxisLength | mm | morph_pca_maj_axis | 4 √λ1 of the covariance of voxel centres
shape MinorAxisLength | mm | morph_pca_min_axis | 4 √λ2
shape LeastAxisLength | mm | morph_pca_least_axis | 4 √λ3
shape Elongation | 1 | morph_pca_elongation | √(λ2/λ1)
shape Flatness | 1 | morph_pca_flatness | √(λ3/λ1)
firstorder Energy | u² | stat_energy | Σ (x + shift)²
firstorder TotalEnergy | u²·mm³ | - | Energy × volume of a voxel
firstorder Entropy | bit | ih_entropy | −Σ p log2 p over grey levels
firstorder Minimum | u | stat_min | smallest value
firstorder 10Percentile | u | stat_p10 | 10th percentile, interpolated
firstorder 90Percentile | u | stat_p90 | 90th percentile, interpolated
firstorder Maximum | u | stat_max | largest value
firstorder Mean | u | stat_mean | Σ x / n
firstorder Median | u | stat_median | 50th percentile
firstorder InterquartileRange | u | stat_iqr | 75th − 25th percentile
firstorder Range | u | stat_range | largest − smallest value
firstorder MeanAbsoluteDeviation | u | stat_mad | Σ |x − μ| / n
firstorder RobustMeanAbsoluteDeviation | u | stat_rmad | the same of values from the 10th to the 90th percentile
firstorder RootMeanSquared | u | stat_rms | √(Energy / n)
firstorder Skewness | 1 | stat_skew | μ3 / σ³; 0 in a flat region
firstorder Kurtosis | 1 | stat_kurt | μ4 / σ⁴, 3 for a normal distribution (IBSI: 3 less); 0 in a flat region
firstorder Variance | u² | stat_var | Σ (x − μ)² / n
firstorder Uniformity | 1 | ih_uniformity | Σ p² over grey levels
glcm Autocorrelation | 1 | cm_auto_corr | Σ p i j
glcm JointAverage | 1 | cm_joint_avg | Σ p i
glcm ClusterProminence | 1 | cm_clust_prom | Σ p (i + j − μx − μy)⁴
glcm ClusterShade | 1 | cm_clust_shade | Σ p (i + j − μx − μy)³
glcm ClusterTendency | 1 | cm_clust_tend | Σ p (i + j − μx − μy)²
glcm Contrast | 1 | cm_contrast | Σ p (i − j)²
glcm Correlation | 1 | cm_corr | (Σ p i j − μx μy) / (σx σy); 1 in a flat region
glcm DifferenceAverage | 1 | cm_diff_avg | Σ k p(|i − j| = k)
glcm DifferenceEntropy | bit | cm_diff_entr | H of |i − j|
glcm DifferenceVariance | 1 | cm_diff_var | variance of |i − j|
glcm JointEnergy | 1 | cm_energy | Σ p²
glcm JointEntropy | bit | cm_joint_entr | H of (i, j)
glcm Imc1 | 1 | cm_info_corr1 | (HXY − HXY1) / max(HX, HY); 0 where the entropies are 0
glcm Imc2 | 1 | cm_info_corr2 | √(1 − e^(−2 (HXY2 − HXY))); 0 where HXY2 = HXY
glcm Idm | 1 | cm_inv_diff_mom | Σ p / (1 + (i − j)²)
glcm MCC | 1 | - | maximal correlation: √ of the second eigenvalue of Σ p(i,k) p(j,k) / (px(i) py(k))
glcm Idmn | 1 | cm_inv_diff_mom_norm | Σ p / (1 + (i − j)²/N²)
glcm Id | 1 | cm_inv_diff | Σ p / (1 + |i − j|)
glcm Idn | 1 | cm_inv_diff_norm | Σ p / (1 + |i − j|/N)
glcm InverseVariance | 1 | cm_inv_var | Σ p / (i − j)² over i ≠ j
glcm MaximumProbability | 1 | cm_joint_max | largest p
glcm SumAverage | 1 | cm_sum_avg | Σ k p(i + j = k); twice JointAverage where the matrix is symmetric
glcm SumEntropy | bit | cm_sum_entr | H of i + j
glcm SumSquares | 1 | cm_joint_var | Σ p (i − μx)²
glrlm ShortRunEmphasis | 1 | rlm_sre | Σ p / j²
glrlm LongRunEmphasis | 1 | rlm_lre | Σ p j²
glrlm GrayLevelNonUniformity | 1 | rlm_glnu | Σ over levels of runs² / runs
glrlm GrayLevelNonUniformityNormalized | 1 | rlm_glnu_norm | the same / runs
glrlm RunLengthNonUniformity | 1 | rlm_rlnu | Σ over lengths of runs² / runs
glrlm RunLengthNonUniformityNormalized | 1 | rlm_rlnu_norm | the same / runs
glrlm RunPercentage | 1 | rlm_r_perc | runs / voxels
glrlm GrayLevelVariance | 1 | rlm_gl_var | variance of i
glrlm RunVariance | 1 | rlm_rl_var | variance of j
glrlm RunEntropy | bit | rlm_rl_entr | H of (i, j)
glrlm LowGrayLevelRunEmphasis | 1 | rlm_lgre | Σ p / i²
glrlm HighGrayLevelRunEmphasis | 1 | rlm_hgre | Σ p i²
glrlm ShortRunLowGrayLevelEmphasis | 1 | rlm_srlge | Σ p / (i² j²)
glrlm ShortRunHighGrayLevelEmphasis | 1 | rlm_srhge | Σ p i² / j²
glrlm LongRunLowGrayLevelEmphasis | 1 | rlm_lrlge | Σ p j² / i²
glrlm LongRunHighGrayLevelEmphasis | 1 | rlm_lrhge | Σ p i² j²
glszm SmallAreaEmphasis | 1 | szm_sze | Σ p / j²
glszm LargeAreaEmphasis | 1 | szm_lze | Σ p j²
glszm GrayLevelNonUniformity | 1 | szm_glnu | Σ over levels of zones² / zones
glszm GrayLevelNonUniformityNormalized | 1 | szm_glnu_norm | the same / zones
glszm SizeZoneNonUniformity | 1 | szm_zsnu | Σ over sizes of zones² / zones
glszm SizeZoneNonUniformityNormalized | 1 | szm_zsnu_norm | the same / zones
glszm ZonePercentage | 1 | szm_z_perc | zones / voxels
glszm GrayLevelVariance | 1 | szm_gl_var | variance of i
glszm ZoneVariance | 1 | szm_zs_var | variance of j
glszm ZoneEntropy | bit | szm_zs_entr | H of (i, j)
glszm LowGrayLevelZoneEmphasis | 1 | szm_lgze | Σ p / i²
glszm HighGrayLevelZoneEmphasis | 1 | szm_hgze | Σ p i²
glszm SmallAreaLowGrayLevelEmphasis | 1 | szm_szlge | Σ p / (i² j²)
glszm SmallAreaHighGrayLevelEmphasis | 1 | szm_szhge | Σ p i² / j²
glszm LargeAreaLowGrayLevelEmphasis | 1 | szm_lzlge | Σ p j² / i²
glszm LargeAreaHighGrayLevelEmphasis | 1 | szm_lzhge | Σ p i² j²
gldm SmallDependenceEmphasis | 1 | ngl_lde | Σ p / j²
gldm LargeDependenceEmphasis | 1 | ngl_hde | Σ p j²
gldm GrayLevelNonUniformity | 1 | ngl_glnu | Σ over levels of voxels² / voxels
gldm DependenceNonUniformity | 1 | ngl_dcnu | Σ over dependences of voxels² / voxels
gldm DependenceNonUniformityNormalized | 1 | ngl_dcnu_norm | the same / voxels
gldm GrayLevelVariance | 1 | ngl_gl_var | variance of i
gldm DependenceVariance | 1 | ngl_dc_var | variance of j
gldm DependenceEntropy | bit | ngl_dc_entr | H of (i, j)
gldm LowGrayLevelEmphasis | 1 | ngl_lgce | Σ p / i²
gldm HighGrayLevelEmphasis | 1 | ngl_hgce | Σ p i²
gldm SmallDependenceLowGrayLevelEmphasis | 1 | ngl_ldlge | Σ p / (i² j²)
gldm SmallDependenceHighGrayLevelEmphasis | 1 | ngl_ldhge | Σ p i² / j²
gldm LargeDependenceLowGrayLevelEmphasis | 1 | ngl_hdlge | Σ p j² / i²
gldm LargeDependenceHighGrayLevelEmphasis | 1 | ngl_hdhge | Σ p i² j²
ngtdm Coarseness | 1 | ngt_coarseness | 1 / Σ p s; 10⁶ where no voxel differs from its neighbours
ngtdm Contrast | 1 | ngt_contrast | Σ p p (i − j)² / (N (N − 1)) × Σ s / n; 0 for one grey level
ngtdm Busyness | 1 | ngt_busyness | Σ p s / Σ |i p − j p|; 0 for one grey level
ngtdm Complexity | 1 | ngt_complexity | Σ |i − j| (p s + p s) / (p + p) / n
ngtdm Strength | 1 | ngt_strength | Σ (p + p) (i − j)² / Σ s; 0 where no voxel differs from its neighbours
"""


def _rows() -> dict[str, tuple[str, str, str]]:
    rows = (line.split(" | ") for line in TABLE.strip().splitlines())
    return {head.replace(" ", "_"): (unit, "" if tag == "-" else tag, definition) for head, unit, tag, definition in rows}


CATALOGUE = _rows()
"""``class_Feature`` → (unit, IBSI tag or nothing, definition)."""


def described(name: str, value: float, unit: str) -> Feature:
    """A value by its full name with unit, definition and source; ``unit`` is the image's."""
    prefix, short = name.split("_", 1)
    of, _, definition = CATALOGUE.get(short, ("", "", "as PyRadiomics defines it"))
    where = "" if prefix == "original" else f" (image: {prefix})"
    return Feature(name, value, of.replace("u", unit) if of.startswith("u") else of, definition + where, SOURCE)
