//! Regions: sets of label values, used as target set and avoid set.

use searchlens_base::fault::{Fault, HasFault};
use serde::{Deserialize, Serialize};

/// A set of points of R^n, where n is the number of label coordinates. Bounds are inclusive.
///
/// In files: `{"interval":{"low":0.3,"high":0.5}}`, `{"union":[SET,..]}`, and so on.
///
/// ```
/// use searchlens_tasks::problem::region::Region;
///
/// let region = Region::Complement(Box::new(Region::interval(0.3, 0.5)));
/// assert!(region.contains(&[0.2]) && !region.contains(&[0.5]));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Region {
    /// Points whose coordinate `axis` (default 0) lies in `low..=high`.
    Interval {
        /// Index of the coordinate.
        #[serde(default, skip_serializing_if = "is_first")]
        axis: usize,
        /// Minimum.
        low: f64,
        /// Maximum, at least `low`.
        high: f64,
    },
    /// Points of an axis-aligned box.
    Box {
        /// Minimum of each coordinate.
        low: Vec<f64>,
        /// Maximum of each coordinate.
        high: Vec<f64>,
    },
    /// Points at most `radius` from `centre` (Euclidean distance).
    Ball {
        /// The centre.
        centre: Vec<f64>,
        /// The radius, at least 0.
        radius: f64,
    },
    /// Points `x` with `normal · x >= offset`.
    HalfSpace {
        /// Not all 0.
        normal: Vec<f64>,
        /// The offset: `normal` times a point on the boundary.
        offset: f64,
    },
    /// Points in any of these regions.
    Union(Vec<Region>),
    /// Points in all of these regions.
    Intersection(Vec<Region>),
    /// Points outside this region.
    Complement(Box<Region>),
}

/// Errors of a region, for labels of a given dimension.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RegionError {
    /// A bound is not finite.
    #[error("{shape} has the bound {value}; give finite numbers")]
    NotFinite { shape: &'static str, value: f64 },
    /// The shape has another dimension than the labels.
    #[error("{shape} has {found} coordinate(s), but labels have {wanted}; make them agree")]
    Dimension { shape: &'static str, found: usize, wanted: usize },
    /// No point, or every point, lies in the shape: a typo.
    #[error("{shape} is empty by its own bounds: {what}; correct it")]
    Empty { shape: &'static str, what: String },
    /// The region has too many parts.
    #[error("a set has more than {MAX_PARTS} parts; simplify it")]
    TooManyParts,
}

impl HasFault for RegionError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// The most shapes that a region may be made of.
pub const MAX_PARTS: usize = 1000;

impl Region {
    /// The interval from `low` to `high` of the first coordinate.
    pub fn interval(low: f64, high: f64) -> Region {
        Region::Interval { axis: 0, low, high }
    }

    /// Returns whether a point lies in the set.
    ///
    /// # Panics
    /// If the point has fewer coordinates than the region: see [`Region::check`].
    pub fn contains(&self, point: &[f64]) -> bool {
        match self {
            Region::Interval { axis, low, high } => (*low..=*high).contains(&point[*axis]),
            Region::Box { low, high } => {
                point.iter().zip(low.iter().zip(high)).all(|(x, (low, high))| (low..=high).contains(&x))
            }
            Region::Ball { centre, radius } => {
                point.iter().zip(centre).map(|(x, c)| (x - c) * (x - c)).sum::<f64>() <= radius * radius
            }
            Region::HalfSpace { normal, offset } => {
                point.iter().zip(normal).map(|(x, n)| x * n).sum::<f64>() >= *offset
            }
            Region::Union(parts) => parts.iter().any(|part| part.contains(point)),
            Region::Intersection(parts) => parts.iter().all(|part| part.contains(point)),
            Region::Complement(part) => !part.contains(point),
        }
    }

    /// Checks that the region is valid for labels with `dim` coordinates.
    ///
    /// # Errors
    /// [`RegionError`].
    pub fn check(&self, dim: usize) -> Result<(), RegionError> {
        self.check_parts(dim, &mut 0)
    }

    fn check_parts(&self, dim: usize, n_parts: &mut usize) -> Result<(), RegionError> {
        *n_parts += 1;
        if *n_parts > MAX_PARTS {
            return Err(RegionError::TooManyParts);
        }
        let finite = |shape, bounds: &[f64]| match bounds.iter().find(|x| !x.is_finite()) {
            Some(&value) => Err(RegionError::NotFinite { shape, value }),
            None => Ok(()),
        };
        let of_dim = |shape, found: usize| match found == dim {
            true => Ok(()),
            false => Err(RegionError::Dimension { shape, found, wanted: dim }),
        };
        let empty = |shape, what: String| Err(RegionError::Empty { shape, what });
        match self {
            Region::Interval { axis, low, high } => {
                finite("interval", &[*low, *high])?;
                if *axis >= dim {
                    return Err(RegionError::Dimension { shape: "interval", found: axis + 1, wanted: dim });
                }
                if low > high {
                    return empty("interval", format!("low = {low}, high = {high}"));
                }
            }
            Region::Box { low, high } => {
                of_dim("box", low.len())?;
                of_dim("box", high.len())?;
                finite("box", low)?;
                finite("box", high)?;
                if let Some((low, high)) = low.iter().zip(high).find(|(low, high)| low > high) {
                    return empty("box", format!("low = {low}, high = {high}"));
                }
            }
            Region::Ball { centre, radius } => {
                of_dim("ball", centre.len())?;
                finite("ball", centre)?;
                finite("ball", &[*radius])?;
                if *radius < 0.0 {
                    return empty("ball", format!("radius = {radius}"));
                }
            }
            Region::HalfSpace { normal, offset } => {
                of_dim("half_space", normal.len())?;
                finite("half_space", normal)?;
                finite("half_space", &[*offset])?;
                if normal.iter().all(|&x| x == 0.0) {
                    return empty("half_space", "normal is 0".to_owned());
                }
            }
            Region::Union(parts) | Region::Intersection(parts) => {
                if parts.is_empty() {
                    return empty("union or intersection", "it has no parts".to_owned());
                }
                parts.iter().try_for_each(|part| part.check_parts(dim, n_parts))?;
            }
            Region::Complement(part) => part.check_parts(dim, n_parts)?,
        }
        Ok(())
    }
}

fn is_first(axis: &usize) -> bool {
    *axis == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, inside: &[&[f64]], outside: &[&[f64]]) {
        let region: Region = serde_json::from_str(json).unwrap();
        assert_eq!(region.check(inside[0].len()), Ok(()));
        assert!(inside.iter().all(|x| region.contains(x)) && !outside.iter().any(|x| region.contains(x)), "{json}");
        assert_eq!(serde_json::from_str::<Region>(&serde_json::to_string(&region).unwrap()).unwrap(), region);
    }

    #[test]
    fn every_shape_holds_its_bounds() {
        check(r#"{"interval":{"low":0.3,"high":0.5}}"#, &[&[0.3], &[0.5]], &[&[0.29], &[0.51]]);
        check(r#"{"interval":{"axis":1,"low":0,"high":1}}"#, &[&[9.0, 1.0]], &[&[0.5, 2.0]]);
        check(r#"{"box":{"low":[0,0],"high":[1,2]}}"#, &[&[1.0, 2.0]], &[&[1.0, 2.1], &[-0.1, 0.0]]);
        check(r#"{"ball":{"centre":[0,0,1],"radius":1}}"#, &[&[0.0; 3], &[1.0, 0.0, 1.0]], &[&[1.0, 0.0, 0.0]]);
        check(r#"{"half_space":{"normal":[1,-1],"offset":0}}"#, &[&[1.0, 1.0], &[2.0, 1.0]], &[&[1.0, 2.0]]);
        let two = r#"{"union":[{"interval":{"low":0,"high":1}},{"interval":{"low":2,"high":3}}]}"#;
        check(two, &[&[0.5], &[2.5]], &[&[1.5]]);
        check(&format!(r#"{{"complement":{two}}}"#), &[&[1.5]], &[&[0.5]]);
        check(&format!(r#"{{"intersection":[{two},{{"interval":{{"low":1,"high":9}}}}]}}"#), &[&[1.0]], &[&[0.5]]);
    }

    #[track_caller]
    fn check_refused(region: Region, dim: usize, part: &str) {
        let error = region.check(dim).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn nonsense_is_refused() {
        check_refused(Region::interval(f64::NAN, 1.0), 1, "finite");
        check_refused(Region::interval(1.0, 0.0), 1, "low = 1, high = 0");
        check_refused(Region::Interval { axis: 1, low: 0.0, high: 1.0 }, 1, "2 coordinate(s)");
        check_refused(Region::Box { low: vec![0.0], high: vec![1.0, 1.0] }, 1, "make them agree");
        check_refused(Region::Ball { centre: vec![0.0], radius: -1.0 }, 1, "radius = -1");
        check_refused(Region::HalfSpace { normal: vec![0.0], offset: 0.0 }, 1, "normal is 0");
        check_refused(Region::Union(vec![]), 1, "no parts");
        check_refused(Region::Union(vec![Region::interval(0.0, 1.0); MAX_PARTS]), 1, "simplify");
    }
}
