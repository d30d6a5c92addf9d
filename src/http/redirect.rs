//! Where a redirect leads.
