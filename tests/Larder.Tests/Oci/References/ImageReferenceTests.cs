using Larder.Oci;
using Larder.Oci.References;

namespace Larder.Tests.Oci.References;

public sealed class ImageReferenceTests
{
    private const string Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("debian", "docker.io/library/debian:latest")]
    [InlineData("debian:12", "docker.io/library/debian:12")]
    [InlineData("user/app", "docker.io/user/app:latest")]
    [InlineData("docker://user/app:1", "docker.io/user/app:1")]
    [InlineData("index.docker.io/library/debian", "docker.io/library/debian:latest")]
    [InlineData("docker.io/debian", "docker.io/library/debian:latest")]
    [InlineData("ghcr.io/a/b/c:v1.2_3-x", "ghcr.io/a/b/c:v1.2_3-x")]
    [InlineData("localhost/app", "localhost/app:latest")]
    [InlineData("localhost:5000/app:x", "localhost:5000/app:x")]
    [InlineData("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest")]
    [InlineData("[::1]:5000/a", "[::1]:5000/a:latest")]
    [InlineData("[fe80::1]/a:t", "[fe80::1]/a:t")]
    [InlineData("REGISTRY.example/a", "registry.example/a:latest")]
    [InlineData("a__b/c---d.e", "docker.io/a__b/c---d.e:latest")]
    [InlineData("0/1_2", "docker.io/0/1_2:latest")]
    [InlineData("oci:5000/app", "oci:5000/app:latest")]
    [InlineData("debian@" + Digest, "docker.io/library/debian@" + Digest)]
    [InlineData("debian:12@" + Digest, "docker.io/library/debian:12@" + Digest)]
    [InlineData("oci:/srv/images", "oci:/srv/images")]
    [InlineData("oci:/srv/images:v1", "oci:/srv/images:v1")]
    [InlineData("oci:../with:colon/dir", "oci:../with:colon/dir")]
    [InlineData("oci:dir:app:v1", "oci:dir:app:v1")]
    [InlineData("oci:dir@" + Digest, "oci:dir@" + Digest)]
    public void A_reference_has_one_whole_form(string text, string whole)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal(whole, reference.ToString());
        Assert.Equal(reference, ImageReference.Parse(whole));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":latest")]
    [InlineData("Debian")]
    [InlineData("a//b")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a:")]
    [InlineData("a:-x")]
    [InlineData("a:x y")]
    [InlineData("a..b")]
    [InlineData("a___b")]
    [InlineData("a._b")]
    [InlineData("a-_b")]
    [InlineData("a-")]
    [InlineData("a_/b")]
    [InlineData("a/.b")]
    [InlineData("a/b+c")]
    [InlineData("-a")]
    [InlineData("a@sha256:123")]
    [InlineData("a@md5:0123456789abcdef0123456789abcdef")]
    [InlineData("a@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("https://docker.io/debian")]
    [InlineData("host:0/a")]
    [InlineData("host:65536/a")]
    [InlineData("host:/a")]
    [InlineData("[::g]/a")]
    [InlineData("[127.0.0.1]/a")]
    [InlineData("ho_st.example/a")]
    [InlineData(".example/a")]
    [InlineData("a.example/../b")]
    [InlineData("a.example/b\n")]
    [InlineData("oci:")]
    public void What_is_no_reference_is_refused_with_a_reason(string text)
    {
        var failure = Assert.Throws<OciException>(() => ImageReference.Parse(text));

        Assert.Equal(OciErrorKind.InvalidReference, failure.Kind);
        Assert.False(ImageReference.TryParse(text, out _));
        Assert.DoesNotContain("\n", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_of_129_letters_is_too_long() =>
        Assert.Contains("not a tag", Assert.Throws<OciException>(() => ImageReference.Parse("a:" + new string('x', 129))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_digest_decides_over_the_tag() =>
        Assert.Equal(Digest, ImageReference.Parse("debian:12@" + Digest).Target);

    [Theory]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", true)]
    [InlineData("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg", false)]
    [InlineData("sha256:0123456789abcdef", false)]
    [InlineData("sha1:0123456789abcdef0123456789abcdef01234567", false)]
    [InlineData(null, false)]
    public void Digests_are_checked_letter_by_letter(string? text, bool isDigest) =>
        Assert.Equal(isDigest, OciDigest.TryParse(text, out _));

    [Theory]
    [InlineData(OciDigestAlgorithm.Sha256, "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")]
    [InlineData(OciDigestAlgorithm.Sha512, "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca72323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043")]
    public void A_digest_is_the_hash_of_its_content(OciDigestAlgorithm algorithm, string text)
    {
        var digest = OciDigest.Of(algorithm, "hello"u8);

        Assert.Equal(text, digest.ToString());
        Assert.Equal(digest, OciDigest.Parse(text));
        Assert.Equal(algorithm, digest.Algorithm);
        Assert.True(digest.Matches("hello"u8));
        Assert.False(digest.Matches("hallo"u8));
        Assert.Equal(algorithm == OciDigestAlgorithm.Sha256, digest.TryGetFingerprint(out var fingerprint));
        Assert.True(algorithm == OciDigestAlgorithm.Sha512 || fingerprint.ToString() == digest.Hex);
    }
}
