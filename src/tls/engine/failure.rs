//! The errors of rustls, sorted by who is at fault.

use std::{error, sync::Arc};

use rustls::{AlertDescription, CertificateError, OtherError};

use crate::error::TlsError;

/// Says what ended a session with a peer that was to prove this name.
pub(super) fn failure(error: &rustls::Error, name: &str) -> TlsError {
    let certificate = |reason: String| TlsError::Certificate { name: name.into(), reason: reason.into() };
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) | rustls::Error::Other(other) => {
            own(other).unwrap_or_else(|| certificate(other.to_string()))
        }
        rustls::Error::InvalidCertificate(error) => certificate(error.to_string()),
        rustls::Error::NoCertificatesPresented => certificate("the peer showed none".into()),
        rustls::Error::AlertReceived(alert) => TlsError::Alert { description: description(*alert).into() },
        other => TlsError::Protocol { reason: other.to_string().into() },
    }
}

/// Lets an error of this crate pass through rustls, as a reason to refuse a certificate.
pub(super) fn refusal(error: TlsError) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

fn own(error: &OtherError) -> Option<TlsError> {
    let error: &(dyn error::Error + 'static) = &*error.0;
    error.downcast_ref::<TlsError>().cloned()
}

fn description(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::Unknown(number) => format!("alert {number}"),
        known => words(&format!("{known:?}")),
    }
}

/// `HandshakeFailure` and `UnknownCA` as RFC 8446 writes them: `handshake_failure`, `unknown_ca`.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut was_small = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && was_small {
            words.push('_');
        }
        was_small = character.is_ascii_lowercase();
        words.push(character.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_rfc() {
        for (alert, expected) in [
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::BadRecordMac, "bad_record_mac"),
            (AlertDescription::CertificateRequired, "certificate_required"),
            (AlertDescription::Unknown(200), "alert 200"),
        ] {
            let found = failure(&rustls::Error::AlertReceived(alert), "name");
            assert_eq!(found, TlsError::Alert { description: expected.into() });
        }
    }

    #[test]
    fn errors_of_this_crate_come_back_as_they_were() {
        let error = TlsError::Fingerprint { name: "a".into(), known: "b".into(), found: "c".into() };
        assert_eq!(failure(&refusal(error.clone()), "other"), error);
    }
}
