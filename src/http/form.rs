//! Queries and forms.
