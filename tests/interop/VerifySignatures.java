import java.io.File;
import java.security.Key;
import java.security.cert.X509Certificate;
import java.util.Iterator;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorException;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The JDK's own verifier, under its secure validation: one line of "true" or "false" for each signature. */
public class VerifySignatures {
    static class Leaf extends KeySelector {
        public KeySelectorResult select(KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context)
                throws KeySelectorException {
            for (Iterator<?> parts = info.getContent().iterator(); parts.hasNext();) {
                XMLStructure part = (XMLStructure) parts.next();
                if (part instanceof X509Data) {
                    Key key = ((X509Certificate) ((X509Data) part).getContent().get(0)).getPublicKey();
                    return () -> key;
                }
            }
            throw new KeySelectorException("no certificate");
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (String file : arguments) {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            Document document = factory.newDocumentBuilder().parse(new File(file));
            NodeList all = document.getElementsByTagNameNS("*", "*");
            for (int n = 0; n < all.getLength(); n++) {
                if (((Element) all.item(n)).hasAttribute("Id")) {
                    ((Element) all.item(n)).setIdAttribute("Id", true);
                }
            }
            NodeList signatures = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
            XMLSignatureFactory reader = XMLSignatureFactory.getInstance("DOM");
            for (int n = 0; n < signatures.getLength(); n++) {
                boolean good;
                try {
                    DOMValidateContext context = new DOMValidateContext(new Leaf(), signatures.item(n));
                    context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
                    good = reader.unmarshalXMLSignature(context).validate(context);
                } catch (Exception refused) {
                    good = false;
                }
                System.out.println(good);
            }
        }
    }
}
