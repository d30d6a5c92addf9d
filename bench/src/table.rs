//! A table for people and for Markdown alike, printed row by row as the rows become known.

/// The widths of the columns.
pub struct Table<const COLUMNS: usize> {
    widths: [usize; COLUMNS],
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Prints the headings.
    pub fn begin(columns: [(&str, usize); COLUMNS]) -> Self {
        let table = Self { widths: columns.map(|(_, width)| width) };
        println!();
        table.row(columns.map(|(heading, _)| heading.into()));
        table.row(table.widths.map(|width| "-".repeat(width)));
        table
    }

    pub fn row(&self, cells: [String; COLUMNS]) {
        let padded: Vec<_> = cells.iter().zip(self.widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("| {} |", padded.join(" | "));
    }
}
