import GraphCore
import Testing

@testable import Manifests

/// Files of a workspace, and the messages they must make, as `texts` writes them.
struct BrokenWorkspace: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let files: [String: String]
  let messages: [String]
  init(_ description: String, _ files: [String: String], _ messages: [String]) {
    (testDescription, self.files, self.messages) = (description, files, messages)
  }
}

/// The same for a file that is read by itself.
struct BrokenText: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let text: String
  let messages: [String]
  init(_ description: String, _ text: String, _ messages: [String]) {
    (testDescription, self.text, self.messages) = (description, text, messages)
  }
}

@Suite("messages say where, what and how to mend it")
struct MessageTests {
  @Test("workspaces", arguments: brokenSettings + brokenIndexes + brokenTargets)
  func workspace(broken: BrokenWorkspace) {
    let (workspace, diagnostics) = load(broken.files, links: ["/w/link/x": "/elsewhere"])
    #expect(texts(diagnostics) == broken.messages)
    #expect(workspace != nil || diagnostics.hasErrors)
    for diagnostic in diagnostics.all where diagnostic.location != nil {
      #expect(diagnostic.sourceLine != nil, "\(diagnostic.message)")
    }
  }

  @Test("Dockerfiles", arguments: brokenDockerfiles + brokenInstructions)
  func dockerfile(broken: BrokenText) {
    #expect(texts(DockerfileReader.read(broken.text, file: "Dockerfile").1) == broken.messages)
  }

  @Test("cccp.yml", arguments: brokenPipelineFiles)
  func pipelineFile(broken: BrokenText) {
    #expect(texts(CCCPReader.read(Array(broken.text.utf8), file: "cccp.yml").1) == broken.messages)
  }
}
