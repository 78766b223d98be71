// Starts JMeter 2.13 as Debian 12 has it. The package alone loads no plan: its XStream (1.4.20) refuses
// every class that is not named, and that JMeter, which is older, names none.
//
//     java -cp "/usr/share/jmeter/bin/ApacheJMeter.jar:/usr/share/jmeter/lib/*:/usr/share/jmeter/lib/ext/*" \
//         examples/jmeter/Launcher.java -n -t examples/jmeter/library.jmx -l results.csv
import com.thoughtworks.xstream.XStream;
import com.thoughtworks.xstream.security.WildcardTypePermission;
import org.apache.jmeter.JMeter;
import org.apache.jmeter.save.SaveService;
import org.apache.jmeter.util.JMeterUtils;

public class Launcher {
    public static void main(String[] arguments) throws Exception {
        String home = System.getProperty("jmeter.home", "/usr/share/jmeter");
        System.setProperty("jmeter.home", home);
        JMeterUtils.setJMeterHome(home);
        JMeterUtils.loadJMeterProperties(home + "/bin/jmeter.properties");
        String[] ours = {"org.apache.jmeter.**", "org.apache.jorphan.**"};
        for (String name : new String[] {"JMXSAVER", "JTLSAVER"}) {
            var field = SaveService.class.getDeclaredField(name);
            field.setAccessible(true);
            ((XStream) field.get(null)).addPermission(new WildcardTypePermission(ours));
        }
        new JMeter().start(arguments);
    }
}
