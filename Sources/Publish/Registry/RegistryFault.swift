import GraphCore

/// What went wrong with a registry, told from what skopeo says: who has to act, and how.
///
/// skopeo exits with 1 whatever went wrong, so its words are all there is. They are those of the Go libraries that
/// container tools share (containers/image, crypto/x509, net) and of the registry itself (OCI distribution
/// specification 1.1, "Error Codes").
enum RegistryFault {
  /// - Parameters:
  ///   - output: what skopeo wrote.
  ///   - reference: what was asked for or sent, `registry/path[:tag][@digest]`.
  static func error(_ output: String, about reference: String) -> GraphError {
    let text = message(in: output)
    let registry = registry(of: reference)
    for row in rows where row.signs.contains(where: { text.contains($0) }) {
      return GraphError(
        row.kind,
        row.message.replacing("{registry}", with: registry).replacing("{image}", with: reference)
          .replacing("{text}", with: text),
        hint: row.hint?.replacing("{registry}", with: registry))
    }
    return GraphError(.environment, "the registry of '\(reference)' failed: \(text)", hint: "try again")
  }

  /// Whether an error says that the registry has no such image.
  static func isAbsent(_ error: GraphError) -> Bool { error.message.hasPrefix(absent) }

  private static let absent = "the registry has no image"

  private struct Row {
    /// Texts of which one is in skopeo's message.
    let signs: [String]
    let kind: GraphError.Kind
    let message: String
    let hint: String?
    init(_ signs: [String], _ kind: GraphError.Kind, _ message: String, hint: String?) {
      (self.signs, self.kind, self.message, self.hint) = (signs, kind, message, hint)
    }
  }

  /// The first row that fits counts.
  private static let rows = [
    Row(
      ["error getting credentials"], .unavailable, "the credentials for '{registry}' cannot be had: {text}",
      hint: "install the credential helper that the auth.json or config.json names, or log in anew"),
    Row(
      ["proxyconnect"], .environment, "the proxy on the way to '{registry}' cannot be used: {text}",
      hint: "correct http_proxy and https_proxy, or name the registry in no_proxy"),
    Row(
      ["server gave HTTP response to HTTPS client"], .user, "the registry '{registry}' speaks no TLS",
      hint: "if that is meant, write it into graph.yml: 'registries: {\"{registry}\": {insecure: true}}'"),
    Row(
      ["certificate signed by unknown authority", "certificate is not trusted"], .user,
      "the certificate of the registry '{registry}' is made by an authority that this machine does not know",
      hint:
        "name the authority's certificate in graph.yml, 'registries: {\"{registry}\": {ca: FILE}}', or put it into /etc/containers/certs.d/{registry}/ca.crt"
    ),
    Row(
      ["x509:", "tls: failed to verify"], .environment,
      "the certificate of the registry '{registry}' is wrong: {text}",
      hint: "the registry needs a valid certificate for the name that it is called by"),
    Row(
      ["unauthorized", "authentication required", "invalid username/password", "status code 401"], .user,
      "the registry '{registry}' refuses '{image}' without valid credentials",
      hint: "log in with 'podman login {registry}' or 'docker login {registry}', or use --authfile"),
    Row(
      ["denied", "status code 403", "403 (Forbidden)"], .user, "the registry '{registry}' denies '{image}'",
      hint: "the account that is logged in needs the right to do this: 'podman login --get-login {registry}'"),
    Row(
      ["manifest unknown", "name unknown", "not found", "404 (Not Found)"], .user, "\(absent) '{image}'",
      hint: "correct the name or the tag"),
    Row(
      ["manifest invalid", "unsupported media type", "415 (Unsupported Media Type)"], .user,
      "the registry '{registry}' does not take this kind of image: {text}",
      hint: "older registries know Docker's formats only: use --format docker"),
    Row(
      ["no such host"], .environment, "the registry '{registry}' has no address: {text}",
      hint: "correct the name, or try again when names can be looked up"),
    Row(
      ["connection refused"], .environment, "nothing answers at the registry '{registry}': {text}",
      hint: "start it, or correct its name and port"),
    Row(
      ["toomanyrequests", "too many requests", "status code 429"], .environment,
      "the registry '{registry}' asks for fewer requests: {text}", hint: "log in, or try again later"),
  ]

  /// What skopeo says, without the frame of its log and without passwords in addresses.
  static func message(in output: String) -> String {
    let line = output.split(separator: "\n").last { $0.contains("level=fatal") } ?? Substring(output)
    var text = String(line)
    if let start = line.firstRange(of: "msg=\""), line.hasSuffix("\"") {
      text = String(line[start.upperBound...].dropLast()).replacing("\\\"", with: "\"")
        .replacing("\\n", with: " ").replacing("\\t", with: " ")
    }
    // Which blob it was about says nothing where no blob is at fault.
    if let place = text.firstRange(of: "pinging container registry ") {
      text = String(text[place.upperBound...])
    }
    return withoutCredentials(text)
  }

  /// `://user:password@` becomes `://`.
  private static func withoutCredentials(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let authority = rest.prefix { !"/ \"'".contains($0) }
      if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    }
    return result + rest
  }

  private static func registry(of reference: String) -> String {
    String(reference.prefix { $0 != "/" })
  }
}
