//! Mazes as text and pictures.

use std::fmt::Write;

use searchlens_tasks::instance::Instance;
use searchlens_tasks::problem::maze::{Lattice, Maze};

use crate::record::MazeRecord;

/// A picture of a maze, optionally with endpoints and a path.
///
/// ```
/// use searchlens_formats::draw::{Drawing, ascii};
/// use searchlens_tasks::problem::maze::{Lattice, Maze};
///
/// let maze = Maze::new(Lattice::new(1, 3), &[(0, 1), (1, 2)]);
/// let drawing = Drawing { start: Some(0), end: Some(2), path: vec![0, 1, 2], ..Drawing::bare(maze) };
/// assert_eq!(ascii(&drawing), "#######\n#SXXXE#\n#######");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The maze.
    pub maze: Maze,
    /// Where the path starts.
    pub start: Option<usize>,
    /// Where the path ends. Drawn over the start.
    pub end: Option<usize>,
    /// Cells of the path, in order; may be empty.
    pub path: Vec<usize>,
}

impl Drawing {
    /// Returns the drawing of a maze alone.
    pub fn bare(maze: Maze) -> Drawing {
        Drawing { maze, start: None, end: None, path: Vec::new() }
    }

    /// Returns the drawing of a problem with its endpoints and path; `None` if it is not a maze.
    pub fn of(instance: &Instance) -> Option<Drawing> {
        let problem = &instance.problem;
        let maze = problem.maze()?;
        let (start, end) = (Some(problem.origin), Some(problem.target()));
        Some(Drawing { maze, start, end, path: instance.path.clone() })
    }

    /// Returns the same drawing without the path.
    pub fn without_path(mut self) -> Drawing {
        self.path.clear();
        self
    }
}

impl MazeRecord {
    /// Returns the drawing of the maze with its endpoints and solution.
    pub fn drawing(&self) -> Drawing {
        let path = self.solution.clone().unwrap_or_default();
        Drawing { maze: self.maze.clone(), start: self.start, end: self.end, path }
    }
}

/// One pixel of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pixel {
    /// A wall.
    Wall,
    /// An open cell or passage.
    Open,
    /// Where the path starts.
    Start,
    /// Where the path ends.
    End,
    /// A cell of the path, or the passage between two of them.
    Path,
}

impl Pixel {
    /// Returns maze-dataset's letter: `#`, space, `S`, `E`, `X`.
    pub fn ascii(self) -> char {
        match self {
            Pixel::Wall => '#',
            Pixel::Open => ' ',
            Pixel::Start => 'S',
            Pixel::End => 'E',
            Pixel::Path => 'X',
        }
    }

    /// Returns maze-dataset's colour: red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Pixel::Wall => [0, 0, 0],
            Pixel::Open => [255, 255, 255],
            Pixel::Start => [0, 255, 0],
            Pixel::End => [255, 0, 0],
            Pixel::Path => [0, 0, 255],
        }
    }
}

/// Returns maze-dataset's picture: `2 rows + 1` lines of `2 cols + 1` pixels. Cell (r, c) is pixel (2r + 1, 2c + 1); the
/// pixel between two cells is their wall or passage. On a torus a wrapping passage is an opening in the frame at both ends.
pub fn pixels(drawing: &Drawing) -> Vec<Vec<Pixel>> {
    let maze = &drawing.maze;
    let Lattice { rows, cols, .. } = maze.lattice;
    let mut picture = vec![vec![Pixel::Wall; 2 * cols + 1]; 2 * rows + 1];
    let at = |cell: usize| {
        let (r, c) = maze.lattice.coord(cell);
        (2 * r + 1, 2 * c + 1)
    };
    // One pixel or, across a side of a torus, two: one at each end of a row or column of pixels.
    let between = |a: usize, b: usize| {
        let ((l1, c1), (l2, c2)) = (at(a), at(b));
        match (l1.abs_diff(l2), c1.abs_diff(c2)) {
            (3.., _) => [(0, c1), (2 * rows, c1)],
            (_, 3..) => [(l1, 0), (l1, 2 * cols)],
            _ => [((l1 + l2) / 2, (c1 + c2) / 2); 2],
        }
    };
    let mut paint = |(line, column): (usize, usize), pixel: Pixel| picture[line][column] = pixel;
    (0..maze.lattice.n_cells()).for_each(|cell| paint(at(cell), Pixel::Open));
    maze.passages().for_each(|(a, b)| between(a, b).into_iter().for_each(|at| paint(at, Pixel::Open)));
    let steps = drawing.path.windows(2);
    steps.for_each(|step| between(step[0], step[1]).into_iter().for_each(|at| paint(at, Pixel::Path)));
    drawing.path.iter().for_each(|&cell| paint(at(cell), Pixel::Path));
    drawing.start.into_iter().for_each(|cell| paint(at(cell), Pixel::Start));
    drawing.end.into_iter().for_each(|cell| paint(at(cell), Pixel::End));
    picture
}

/// Options of maze-dataset's pairs of pictures, for networks that map the picture of a maze to that of its path (as in the
/// "easy to hard" data, Schwarzschild et al. 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RasterOptions {
    /// Paint cells without any open passage as walls.
    pub remove_isolated_cells: bool,
    /// Double the size of each pixel, and add a frame of one wall pixel.
    pub extend_pixels: bool,
    /// Paint the endpoints as open cells in the target.
    pub endpoints_as_open: bool,
}

impl Default for RasterOptions {
    /// maze-dataset's defaults: cells removed, pixels extended, ends kept.
    fn default() -> RasterOptions {
        RasterOptions { remove_isolated_cells: true, extend_pixels: true, endpoints_as_open: false }
    }
}

/// Returns the input picture, the maze with its endpoints, and the target picture, the path as open pixels among walls.
pub fn raster_pair(drawing: &Drawing, options: RasterOptions) -> [Vec<Vec<Pixel>>; 2] {
    let input = pixels(&drawing.clone().without_path());
    let solved = pixels(drawing);
    let answer = |pixel: Pixel| match pixel {
        Pixel::Path => Pixel::Open,
        Pixel::Start | Pixel::End if options.endpoints_as_open => Pixel::Open,
        Pixel::Start | Pixel::End => pixel,
        Pixel::Wall | Pixel::Open => Pixel::Wall,
    };
    let target = solved.into_iter().map(|line| line.into_iter().map(answer).collect()).collect();
    [input, target].map(|mut picture| {
        if options.remove_isolated_cells {
            picture = without_isolated(&picture);
        }
        if options.extend_pixels { extended(&picture) } else { picture }
    })
}

/// Returns the picture with pixels that have walls on all four sides painted as walls.
fn without_isolated(picture: &[Vec<Pixel>]) -> Vec<Vec<Pixel>> {
    let is_wall = |line: usize, column: usize| picture.get(line).and_then(|l| l.get(column)) == Some(&Pixel::Wall);
    let cleaned = |line: usize, column: usize, pixel: Pixel| {
        // The border consists of walls.
        let beside =
            [(line + 1, column), (line.wrapping_sub(1), column), (line, column + 1), (line, column.wrapping_sub(1))];
        if beside.into_iter().all(|(l, c)| is_wall(l, c)) { Pixel::Wall } else { pixel }
    };
    let lines = picture.iter().enumerate();
    lines.map(|(l, line)| line.iter().enumerate().map(|(c, &pixel)| cleaned(l, c, pixel)).collect()).collect()
}

/// Returns the picture at twice its size, with a frame of walls.
fn extended(picture: &[Vec<Pixel>]) -> Vec<Vec<Pixel>> {
    let width = picture.first().map_or(0, Vec::len);
    let frame = vec![Pixel::Wall; 2 * width + 2];
    let doubled = picture.iter().flat_map(|line| {
        let ends = [Pixel::Wall];
        let pixels = line.iter().flat_map(|&pixel| [pixel, pixel]);
        let line: Vec<Pixel> = ends.into_iter().chain(pixels).chain(ends).collect();
        [line.clone(), line]
    });
    std::iter::once(frame.clone()).chain(doubled).chain([frame.clone()]).collect()
}

/// Returns maze-dataset's text picture: one letter per pixel ([`Pixel::ascii`]), no line feed at the end.
pub fn ascii(drawing: &Drawing) -> String {
    pixels(drawing).iter().map(|line| line.iter().map(|p| p.ascii()).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// Returns a picture in box-drawing characters, each cell three characters wide, the path dotted. No line feed at the end.
///
/// ```text
/// ┌───┬───────┐
/// │ S │ E · · │
/// │ · └───╴ · │
/// │ · · · · · │
/// └───────────┘
/// ```
pub fn unicode(drawing: &Drawing) -> String {
    let picture = pixels(drawing);
    let wall = |line: Option<usize>, column: Option<usize>| {
        let pixel = line.and_then(|l| picture.get(l)).zip(column).and_then(|(l, c)| l.get(c));
        pixel == Some(&Pixel::Wall)
    };
    let mut text = String::new();
    for (l, line) in picture.iter().enumerate() {
        if l > 0 {
            text.push('\n');
        }
        for (c, pixel) in line.iter().enumerate() {
            // Even columns are corners and vertical walls, one character wide; odd columns are three wide.
            let (up, down) = (wall(l.checked_sub(1), Some(c)), wall(Some(l + 1), Some(c)));
            let (left, right) = (wall(Some(l), c.checked_sub(1)), wall(Some(l), Some(c + 1)));
            let narrow = c % 2 == 0;
            match (pixel, narrow) {
                (Pixel::Wall, true) => text.push(corner(up, down, left, right)),
                (Pixel::Wall, false) => text.push_str("───"),
                (Pixel::Open, true) => text.push(' '),
                (Pixel::Open, false) => text.push_str("   "),
                (Pixel::Path, true) => text.push('·'),
                (Pixel::Path, false) => text.push_str(" · "),
                (Pixel::Start | Pixel::End, _) => text.extend([' ', pixel.ascii(), ' ']),
            }
        }
    }
    text
}

/// Returns the box-drawing character that joins these walls.
fn corner(up: bool, down: bool, left: bool, right: bool) -> char {
    const STROKES: [char; 16] = [' ', '╵', '╷', '│', '╴', '┘', '┐', '┤', '╶', '└', '┌', '├', '─', '┴', '┬', '┼'];
    STROKES[usize::from(up) | usize::from(down) << 1 | usize::from(left) << 2 | usize::from(right) << 3]
}

/// Side of a cell in SVG pictures.
const CELL: usize = 20;

/// Stacks pictures of [`svg`] and [`crate::graph_draw::svg`] vertically in one `<svg>` element; returns a single picture
/// unchanged.
///
/// # Panics
/// If a text is not one of these pictures.
pub fn stacked(pictures: &[String]) -> String {
    const OPENING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"";
    const GAP: f64 = 10.0;
    if let [picture] = pictures {
        return picture.clone();
    }
    let (mut inner, mut width, mut height) = (String::new(), 0f64, 0f64);
    let mut has_definitions = false;
    for picture in pictures {
        let rest = picture.strip_prefix(OPENING).expect("a picture begins with its view");
        let (view, rest) = rest.split_once('"').expect("a view ends");
        let sides: Vec<f64> = view.split(' ').filter_map(|side| side.parse().ok()).collect();
        let (wide, high) = (sides[2], sides[3]);
        // Nested pictures need a size; pictures of graphs have none.
        let size =
            if rest.starts_with(" width=") { String::new() } else { format!(" width=\"{wide}\" height=\"{high}\"") };
        let _ = write!(inner, "<svg x=\"0\" y=\"{height}\" viewBox=\"{view}\"{size}");
        // Ids of arrow heads are global, and must be unique.
        let lines =
            rest.lines().filter(|line| !(line.starts_with("<defs>") && std::mem::replace(&mut has_definitions, true)));
        inner.push_str(&lines.collect::<Vec<_>>().join("\n"));
        inner.push('\n');
        (width, height) = (width.max(wide), height + high + GAP);
    }
    let height = (height - GAP).max(0.0);
    format!("{OPENING}0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n{inner}</svg>")
}

/// Returns a picture as one `<svg>` element, 20 units per cell. Walls have the text colour, for light and dark pages; the
/// start is a ring, the end a disc, the path a line.
pub fn svg(drawing: &Drawing) -> String {
    let maze = &drawing.maze;
    let Lattice { rows, cols, .. } = maze.lattice;
    let (width, height) = (cols * CELL, rows * CELL);
    let centre = |cell: usize| centre(maze.lattice, cell);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-2 -2 {} {}\" width=\"{}\" height=\"{}\" role=\"img\" \
         aria-label=\"maze of {rows} by {cols} cells\" fill=\"none\" \
         stroke-linecap=\"round\" stroke-linejoin=\"round\">\n",
        width + 4,
        height + 4,
        width + 4,
        height + 4
    );
    text.push_str("<path class=\"walls\" stroke=\"currentColor\" stroke-width=\"2\" d=\"");
    let lattice = maze.lattice;
    if !lattice.wraps {
        put(&mut text, format_args!("M0 0H{width}V{height}H0Z"));
    }
    for (a, b) in lattice.adjacent_pairs().filter(|&(a, b)| !maze.graph.has_edge(a, b)) {
        let ((r, c), (_, next_c)) = (lattice.coord(a), lattice.coord(b));
        // A wall across a side of a torus is drawn at both ends.
        let crosses = crosses_side(lattice, a, b);
        let places = |inside: usize, side: usize| if crosses { vec![0, side] } else { vec![inside] };
        if next_c == c {
            let ys = places((r + 1) * CELL, height);
            ys.iter().for_each(|y| put(&mut text, format_args!("M{} {y}h{CELL}", c * CELL)));
        } else {
            let xs = places((c + 1) * CELL, width);
            xs.iter().for_each(|x| put(&mut text, format_args!("M{x} {}v{CELL}", r * CELL)));
        }
    }
    text.push_str("\"/>\n");
    for points in strokes(drawing) {
        let points: Vec<_> = points.into_iter().map(|(x, y)| format!("{x},{y}")).collect();
        let points = points.join(" ");
        put(
            &mut text,
            format_args!("<polyline class=\"path\" stroke=\"#3b82f6\" stroke-width=\"4\" points=\"{points}\"/>\n"),
        );
    }
    if let Some((x, y)) = drawing.start.map(centre) {
        put(
            &mut text,
            format_args!(
                "<circle class=\"start\" stroke=\"#16a34a\" stroke-width=\"3\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>\n"
            ),
        );
    }
    if let Some((x, y)) = drawing.end.map(centre) {
        put(&mut text, format_args!("<circle class=\"end\" fill=\"#dc2626\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>\n"));
    }
    text.push_str("</svg>\n");
    text
}

/// Returns the centre of a cell in SVG pictures.
fn centre(lattice: Lattice, cell: usize) -> (usize, usize) {
    let (r, c) = lattice.coord(cell);
    (c * CELL + CELL / 2, r * CELL + CELL / 2)
}

/// Whether the passage between two adjacent cells wraps around a torus.
fn crosses_side(lattice: Lattice, a: usize, b: usize) -> bool {
    let ((r, c), (row, col)) = (lattice.coord(a), lattice.coord(b));
    lattice.link(a, b).is_some() && r.abs_diff(row) + c.abs_diff(col) > 1
}

/// Returns the path in SVG pictures: one line, or several if it wraps around a torus.
fn strokes(drawing: &Drawing) -> Vec<Vec<(usize, usize)>> {
    let lattice = drawing.maze.lattice;
    let (width, height) = (lattice.cols * CELL, lattice.rows * CELL);
    let Some(&first) = drawing.path.first() else { return Vec::new() };
    let mut strokes = vec![vec![centre(lattice, first)]];
    for step in drawing.path.windows(2) {
        let (from, to) = (centre(lattice, step[0]), centre(lattice, step[1]));
        let last = strokes.len() - 1;
        if crosses_side(lattice, step[0], step[1]) {
            let side = |near: usize, far: usize, end: usize| if near > far { end } else { 0 };
            let (leave, enter) = if from.0 == to.0 {
                ((from.0, side(from.1, to.1, height)), (from.0, side(to.1, from.1, height)))
            } else {
                ((side(from.0, to.0, width), from.1), (side(to.0, from.0, width), from.1))
            };
            strokes[last].push(leave);
            strokes.push(vec![enter, to]);
        } else {
            strokes[last].push(to);
        }
    }
    strokes
}

/// Appends formatted text.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}
