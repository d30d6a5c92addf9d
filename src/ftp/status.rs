//! The status of a reply: every number of the RFCs of FTP, from one table.

use crate::codes::codes;

/// The three-digit status of an FTP reply.
///
/// Every number of RFC 959, 1123, 1639, 2228, 2428 and 4217 is a constant here, under SFML's name where SFML has one
/// (in upper case); a number that they do not list is kept as it came. Four more tell of what no server says, as in
/// SFML: [`INVALID_RESPONSE`](Self::INVALID_RESPONSE), [`CONNECTION_FAILED`](Self::CONNECTION_FAILED),
/// [`CONNECTION_CLOSED`](Self::CONNECTION_CLOSED) and [`INVALID_FILE`](Self::INVALID_FILE).
///
/// # Examples
///
/// ```
/// use sockeye::FtpStatus;
///
/// let status = FtpStatus::from(226);
/// assert_eq!(status, FtpStatus::CLOSING_DATA_CONNECTION);
/// assert_eq!(status.to_string(), "226 Closing data connection");
/// assert!(status.ok() && status.is_completion());
/// assert_eq!(FtpStatus::from(299).to_string(), "299");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FtpStatus(u16);

codes! {
    FtpStatus:

    110 RESTART_MARKER_REPLY "Restart marker reply" "RFC 959"
    120 SERVICE_READY_SOON "Service ready in some minutes" "RFC 959"
    125 DATA_CONNECTION_ALREADY_OPENED "Data connection already open; transfer starting" "RFC 959"
    150 OPENING_DATA_CONNECTION "File status okay; about to open data connection" "RFC 959"

    200 OK "Command okay" "RFC 959"
    202 POINTLESS_COMMAND "Command not implemented, superfluous at this site" "RFC 959"
    211 SYSTEM_STATUS "System status, or system help reply" "RFC 959"
    212 DIRECTORY_STATUS "Directory status" "RFC 959"
    213 FILE_STATUS "File status" "RFC 959"
    214 HELP_MESSAGE "Help message" "RFC 959"
    215 SYSTEM_TYPE "Name of the system type" "RFC 959"
    220 SERVICE_READY "Service ready for new user" "RFC 959"
    221 CLOSING_CONNECTION "Service closing control connection" "RFC 959"
    225 DATA_CONNECTION_OPENED "Data connection open; no transfer in progress" "RFC 959"
    226 CLOSING_DATA_CONNECTION "Closing data connection" "RFC 959"
    227 ENTERING_PASSIVE_MODE "Entering passive mode" "RFC 959"
    228 ENTERING_LONG_PASSIVE_MODE "Entering long passive mode" "RFC 1639"
    229 ENTERING_EXTENDED_PASSIVE_MODE "Entering extended passive mode" "RFC 2428"
    230 LOGGED_IN "User logged in, proceed" "RFC 959"
    232 LOGGED_IN_BY_SECURITY_DATA "User logged in, authorized by security data exchange" "RFC 2228"
    234 SECURITY_EXCHANGE_COMPLETE "Security data exchange complete" "RFC 2228"
    235 SECURITY_EXCHANGE_SUCCESSFUL "Security data exchange completed successfully" "RFC 2228"
    250 FILE_ACTION_OK "Requested file action okay, completed" "RFC 959"
    257 DIRECTORY_OK "Path name created" "RFC 959"

    331 NEED_PASSWORD "User name okay, need password" "RFC 959"
    332 NEED_ACCOUNT_TO_LOG_IN "Need account for login" "RFC 959"
    334 SECURITY_MECHANISM_ACCEPTED "Requested security mechanism okay" "RFC 2228"
    335 NEED_SECURITY_DATA "Security data acceptable, more is required" "RFC 2228"
    336 NEED_PASSWORD_FOR_CHALLENGE "User name okay, need password for the challenge" "RFC 2228"
    350 NEED_INFORMATION "Requested file action pending further information" "RFC 959"

    421 SERVICE_UNAVAILABLE "Service not available, closing control connection" "RFC 959"
    425 DATA_CONNECTION_UNAVAILABLE "Cannot open data connection" "RFC 959"
    426 TRANSFER_ABORTED "Connection closed; transfer aborted" "RFC 959"
    431 SECURITY_RESOURCE_UNAVAILABLE "Need some unavailable resource to process security" "RFC 2228"
    450 FILE_ACTION_ABORTED "Requested file action not taken; file unavailable" "RFC 959"
    451 LOCAL_ERROR "Requested action aborted; local error in processing" "RFC 959"
    452 INSUFFICIENT_STORAGE_SPACE "Requested action not taken; insufficient storage space" "RFC 959"

    500 COMMAND_UNKNOWN "Syntax error, command unrecognized" "RFC 959"
    501 PARAMETERS_UNKNOWN "Syntax error in parameters or arguments" "RFC 959"
    502 COMMAND_NOT_IMPLEMENTED "Command not implemented" "RFC 959"
    503 BAD_COMMAND_SEQUENCE "Bad sequence of commands" "RFC 959"
    504 PARAMETER_NOT_IMPLEMENTED "Command not implemented for that parameter" "RFC 959"
    521 ADDRESS_FAMILY_NOT_SUPPORTED "Address family not supported" "RFC 1639"
    522 NETWORK_PROTOCOL_NOT_SUPPORTED "Network protocol not supported" "RFC 2428"
    530 NOT_LOGGED_IN "Not logged in" "RFC 959"
    532 NEED_ACCOUNT_TO_STORE "Need account for storing files" "RFC 959"
    533 PROTECTION_DENIED "Command protection level denied for policy reasons" "RFC 2228"
    534 DENIED_BY_POLICY "Request denied for policy reasons" "RFC 2228"
    535 SECURITY_CHECK_FAILED "Failed security check" "RFC 2228"
    536 DATA_PROTECTION_NOT_SUPPORTED "Data protection level not supported by security mechanism" "RFC 2228"
    537 COMMAND_PROTECTION_NOT_SUPPORTED "Command protection level not supported by security mechanism" "RFC 2228"
    550 FILE_UNAVAILABLE "Requested action not taken; file unavailable" "RFC 959"
    551 PAGE_TYPE_UNKNOWN "Requested action aborted; page type unknown" "RFC 959"
    552 NOT_ENOUGH_MEMORY "Requested file action aborted; exceeded storage allocation" "RFC 959"
    553 FILENAME_NOT_ALLOWED "Requested action not taken; file name not allowed" "RFC 959"
    554 INVALID_RESTART_PARAMETER "Requested action not taken; invalid restart parameter" "RFC 1123"
    555 TYPE_MISMATCH "Requested action not taken; type or structure mismatch" "RFC 1123"

    631 INTEGRITY_PROTECTED_REPLY "Integrity protected reply" "RFC 2228"
    632 PROTECTED_REPLY "Confidentiality and integrity protected reply" "RFC 2228"
    633 CONFIDENTIAL_REPLY "Confidentiality protected reply" "RFC 2228"

    1000 INVALID_RESPONSE "Invalid response" "no status of a server: there is no reply, or it is none of FTP"
    1001 CONNECTION_FAILED "Connection failed" "no status of a server: a connection could not be opened"
    1002 CONNECTION_CLOSED "Connection closed" "no status of a server: there is no connection any more"
    1003 INVALID_FILE "Invalid file" "no status of a server: a local file cannot be read or written"
}

impl FtpStatus {
    /// Tells whether it is no refusal: below 400, as SFML has it. An intermediate reply is `ok`, too.
    #[must_use]
    pub const fn ok(self) -> bool {
        self.0 < 400
    }

    /// Tells whether another reply will follow (100 to 199).
    #[must_use]
    pub const fn is_preliminary(self) -> bool {
        matches!(self.0, 100..=199)
    }

    /// Tells whether the command has been done (200 to 299).
    #[must_use]
    pub const fn is_completion(self) -> bool {
        matches!(self.0, 200..=299)
    }

    /// Tells whether the server waits for another command that belongs to it (300 to 399).
    #[must_use]
    pub const fn is_intermediate(self) -> bool {
        matches!(self.0, 300..=399)
    }

    /// Tells whether the same command may succeed another time (400 to 499).
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self.0, 400..=499)
    }

    /// Tells whether the same command will fail again (500 to 599).
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        matches!(self.0, 500..=599)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_tells_its_own_texts() {
        assert!(TABLE.windows(2).all(|pair| pair[0].1 < pair[1].1));
        for (status, code, text) in TABLE {
            assert_eq!((status.code(), status.text()), (*code, *text));
            assert_eq!(status.to_string(), format!("{code} {text}"));
            assert_eq!(FtpStatus::from(*code), *status);
        }
        assert_eq!(TABLE.len(), 64);
    }

    #[test]
    fn each_number_of_a_server_is_in_one_class() {
        for code in 100..=599 {
            let status = FtpStatus::from(code);
            let classes = [
                status.is_preliminary(),
                status.is_completion(),
                status.is_intermediate(),
                status.is_transient(),
                status.is_permanent(),
            ];
            let place = usize::from(code / 100 - 1);
            assert_eq!(classes.iter().filter(|class| **class).count(), 1, "{code}");
            assert!(classes[place], "{code}");
        }
    }

    #[test]
    fn what_is_below_400_is_ok_as_in_sfml() {
        for (code, ok) in [(110, true), (200, true), (331, true), (399, true), (400, false), (421, false), (500, false)]
        {
            assert_eq!(FtpStatus::from(code).ok(), ok, "{code}");
        }
        assert!(!FtpStatus::INVALID_RESPONSE.ok());
    }

    #[test]
    fn a_number_of_no_table_is_kept() {
        let status = FtpStatus::from(599);
        assert_eq!((u16::from(status), status.text()), (599, ""));
        assert_eq!(status.to_string(), "599");
    }
}
