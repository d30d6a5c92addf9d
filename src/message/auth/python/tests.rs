use super::*;

const KEY: &[u8] = b"secret";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A name, and the bytes 0, 1, 2 ... behind it.
fn challenge(name: &str, length: u8) -> Vec<u8> {
    let mut challenge = name.as_bytes().to_vec();
    challenge.extend(0..length);
    challenge
}

const ALGORITHMS: [(&str, Algorithm); 5] = [
    ("8e48d2bb349b4b72b9382999ed5b62eb", Algorithm::Md5),
    ("fc57fbe650d6124b98215e7b5d197d5807ad69982d275a9735ea2d56f1fa6989", Algorithm::Sha256),
    (
        "98030e6b3d09dd7eb5b7cf5f0a8c32b12ddb22d4d698e98b35f0f4690116fa5bcd125f45b2d89a7fc2f902c009a6f961",
        Algorithm::Sha384,
    ),
    ("4267b9809ac390ef0e6594601ec515dd8b6c2134c01fbdcd90fcc05750ec16ce", Algorithm::Sha3_256),
    (
        "8f7c0b025ef0a88432bc2c75e9272002839245e5afc9d59271c99679e10afcd3bffa25c63dae3cfdeab6bcf4de17d2ac",
        Algorithm::Sha3_384,
    ),
];

#[test]
fn digests_are_those_of_python() {
    let legacy = challenge("", 20);
    assert_eq!(answer(KEY, &legacy, AuthLevel::LegacyMd5), Ok(bytes("7defa9cc46abc3583325d17ccda75190")));
    let named = |name: &str, digest: &str| Ok([name.as_bytes(), &bytes(digest)].concat());
    for (challenged, digest) in [
        ("{md5}", "e8928e8cca3ace2d777017168dc6a0b2"),
        ("{sha256}", "fc57fbe650d6124b98215e7b5d197d5807ad69982d275a9735ea2d56f1fa6989"),
        ("{sha3_256}", "82e8fa62f363295b6655abecf0e98e510224c559e9745af9741c357aec358f90"),
    ] {
        assert_eq!(answer(KEY, &challenge(challenged, 40), AuthLevel::LegacyMd5), named(challenged, digest));
    }
}

#[test]
fn an_answer_may_be_made_with_any_algorithm() {
    let challenge = challenge("{sha256}", 40);
    for (digest, algorithm) in ALGORITHMS {
        assert_eq!(algorithm.sign(KEY, &[&challenge]), bytes(digest));
        let answer = [algorithm.prefix().into_bytes(), bytes(digest)].concat();
        assert_eq!(verify(KEY, &challenge, &answer, AuthLevel::LegacyMd5), Ok(()), "{algorithm:?}");
        assert_eq!(verify(b"wrong", &challenge, &answer, AuthLevel::LegacyMd5), Err(AuthError::WrongDigest));
        let least = verify(KEY, &challenge, &answer, AuthLevel::Sha256);
        let allowed = algorithm != Algorithm::Md5;
        assert_eq!(least, if allowed { Ok(()) } else { Err(AuthError::WeakAlgorithm) }, "{algorithm:?}");
        assert_eq!(verify(KEY, &challenge, &answer, AuthLevel::Bound), Err(AuthError::WeakAlgorithm));
    }
    // Without a name it is MD5: so old clients get in.
    let legacy = bytes("8e48d2bb349b4b72b9382999ed5b62eb");
    assert_eq!(verify(KEY, &challenge, &legacy, AuthLevel::LegacyMd5), Ok(()));
    assert_eq!(verify(KEY, &challenge, &legacy, AuthLevel::Sha256), Err(AuthError::WeakAlgorithm));
}

#[test]
fn what_is_no_digest_is_refused() {
    let challenge = challenge("{sha256}", 40);
    let right = bytes(ALGORITHMS[1].0);
    let named = |name: &str, digest: &[u8]| [name.as_bytes(), digest].concat();
    let mut flipped = right.clone();
    flipped[31] ^= 1;
    for (answer, why) in [
        (named("{sha256}", &flipped), AuthError::WrongDigest),
        (named("{sha256}", &right[..31]), AuthError::WrongDigest),
        (named("{sha256}", &[&right[..], &[0]].concat()), AuthError::WrongDigest),
        (named("{sha256}", b""), AuthError::WrongDigest),
        (named("{sha3_256}", &right), AuthError::WrongDigest),
        (vec![0; 16], AuthError::WrongDigest),
        // An HMAC-SHA1 was never accepted: 20 bytes are MD5, and of the wrong length for it.
        (vec![0; 20], AuthError::WrongDigest),
        (right.clone(), AuthError::UnknownAlgorithm),
        (named("{sha1}", &right), AuthError::UnknownAlgorithm),
        (named("{SHA256}", &right), AuthError::UnknownAlgorithm),
        (named("{sha256", &right), AuthError::UnknownAlgorithm),
        (named("sha256}", &right), AuthError::UnknownAlgorithm),
        (named("{}", &right), AuthError::UnknownAlgorithm),
        (Vec::new(), AuthError::UnknownAlgorithm),
    ] {
        assert_eq!(verify(KEY, &challenge, &answer, AuthLevel::LegacyMd5), Err(why), "{answer:?}");
    }
}

#[test]
fn challenges_are_answered_by_their_length_first() {
    let answered = |challenge: &[u8]| answer(KEY, challenge, AuthLevel::LegacyMd5);
    for short in [&b""[..], b"x", &[b'x'; 19], b"{sha256}12345678901"] {
        assert_eq!(answered(short), Err(AuthError::ShortChallenge), "{short:?}");
    }
    let exactly = b"{sha256}123456789012";
    assert_eq!(answered(exactly), Ok(Algorithm::Md5.sign(KEY, &[exactly])));
    assert_eq!(answer(KEY, exactly, AuthLevel::Sha256), Err(AuthError::WeakAlgorithm));
    assert_eq!(answer(KEY, &challenge("{md5}", 40), AuthLevel::Sha256), Err(AuthError::WeakAlgorithm));
    for unknown in [
        &[b'x'; 21][..],
        b"{sha1}678901234567890",
        b"{sha256567890123456789012345678901234567890}",
        b"{sha3_2567}0123456789012345678",
        b"{}3456789012345678901",
        b"}sha256{8901234567890123",
    ] {
        let expected = if unknown.len() < 20 { AuthError::ShortChallenge } else { AuthError::UnknownAlgorithm };
        assert_eq!(answered(unknown), Err(expected), "{unknown:?}");
    }
    let longest = [b"{sha3_384}".to_vec(), vec![7; 235]].concat();
    assert_eq!(answered(&longest).map(|answer| answer.len()), Ok(10 + 48));
}
